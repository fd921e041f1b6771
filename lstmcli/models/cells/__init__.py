"""The recurrent cells, one file each and one line here."""

from lstmcli.models.cells.base import Cell, State
from lstmcli.models.cells.lstm import LstmCell
from lstmcli.models.cells.peephole import PeepholeCell
from lstmcli.models.cells.rnn import RnnCell

__all__ = ["CELLS", "Cell", "LstmCell", "PeepholeCell", "RnnCell", "State"]

CELLS: dict[str, type[Cell]] = {"rnn": RnnCell, "lstm": LstmCell, "peephole": PeepholeCell}
