"""Language models: what one is to the commands that train, score and sample it, of whatever kind it is."""
