"""Scores readings against events defined beforehand: the rule, the baselines, one score, the scoreboard.

The mathematics is in `pipeline/methods/scoring.py` and `scoring_bootstrap.py`. Nothing here decides a
level, and nothing a signal reads comes from here.
"""
