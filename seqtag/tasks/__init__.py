"""What depends on the shape of a job, one package for each: how examples are read, what targets and vocabularies are,
how answers are scored and kept, and which settings go by the corpus.

A task is a row of `registry.TASKS`. The training loop, checkpoints and model folders know only what `training.job` and
`tasks.base` say of it.
"""
