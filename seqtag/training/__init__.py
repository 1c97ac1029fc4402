"""The training loop, batches, checkpoints, learning-rate schedules, gradient norms and the comparison with the export.

What uses a trained model lives in `inference`.
"""
