"""The LSTM with peepholes and coupled gates."""

from seqtag.network.cells.lstm import LSTMVariant


class PeepholeCoupledLSTM(LSTMVariant):
    """Peepholes (Gers and Schmidhuber 2000) on input and output gate, and f_t = 1 - i_t (Greff et al. 2016).

    See `peephole_lstm` and `cifg_lstm`.
    """

    order = "ico"
    peeping = "io"
