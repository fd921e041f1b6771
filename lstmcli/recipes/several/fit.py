"""Fits the networks of a run, in one process or in several together."""

import torch

from lstmcli.config.settings import Config
from lstmcli.corpus.corpus import Corpus
from lstmcli.events import Tell
from lstmcli.recipes.fit import FittedNetwork, fit_network
from lstmcli.recipes.prepare import Prepared, TokenizedCorpus, prepare
from lstmcli.recipes.several.checks import check_same_texts
from lstmcli.stopping import Stop
from lstmcli.store.run import OpenRun
from lstmcli.training.initial_weights import InitialWeights
from lstmcli.training.processes import Processes


def fit_together(
    config: Config,
    run: OpenRun,
    corpus: Corpus,
    tokens: TokenizedCorpus,
    start: InitialWeights,
    device: torch.device,
    tell: Tell,
    stop: Stop,
    processes: Processes,
) -> tuple[Prepared, list[FittedNetwork]]:
    """Prepare the training and fit all networks. Processes after the first one return none."""
    with processes.together():
        prepared = prepare(config, corpus, tokens, start, device, tell, fits_linear=processes.is_first)
    check_same_texts(processes, prepared.train.token_ids, prepared.train.targets)
    networks = [
        fit_network(prepared, run, member=member, tell=tell, stop=stop, processes=processes)
        for member in range(1, config.training.ensemble + 1)
    ]
    return prepared, [network for network in networks if network is not None]
