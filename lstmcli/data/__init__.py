"""Reading and writing rows in several file formats."""
