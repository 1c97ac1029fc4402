"""HTML pages: the templates, the style and the colours that all pages, plots and tables share.

What stands on a page is put together by whoever shows it: a command in `cli`, or the server.
"""
