"""Scores, span matching, error analysis, known and unseen entities.

It compares tags with tags and knows no model.
"""
