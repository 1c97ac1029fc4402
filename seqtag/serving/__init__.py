"""The HTTP server: models behind a queue, and the FastAPI application around them.

`seqtag.serving.app.create` makes the application, `seqtag.serving.server.run` serves it until a signal comes.
"""
