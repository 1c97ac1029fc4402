"""Parts that make seqtag work inside other libraries, one module per library; found by entry points."""
