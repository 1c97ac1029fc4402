"""Labels of whole sentences: alone (classification), or beside the tags of their tokens (joint)."""
