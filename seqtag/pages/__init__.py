"""HTML pages: the templates, the style and the colours that all pages, plots and tables share.

The content of a page comes from its caller: a command in `cli`, or the server.
"""
