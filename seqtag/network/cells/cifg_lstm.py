"""The LSTM that forgets as much as it takes in."""

from seqtag.network.cells.lstm import LSTMVariant


class CoupledLSTM(LSTMVariant):
    """f_t = 1 - i_t: one gate decides what enters and what stays, so there is a quarter less to learn.

    Greff et al. (2016, "LSTM: A Search Space Odyssey") call it CIFG: coupled input and forget gate.
    """

    order = "ico"
