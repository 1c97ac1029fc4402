"""The LSTM whose gates see its memory."""

from seqtag.network.cells.lstm import LSTMVariant


class PeepholeLSTM(LSTMVariant):
    """i_t and f_t see the memory c_{t-1}, o_t sees c_t, each unit its own: i_t = s(W x_t + U h_{t-1} + p * c_{t-1} +
    b).

    Gers and Schmidhuber (2000, "Recurrent Nets that Time and Count").
    """

    peeping = "ifo"
