"""The shell around the core: time, feeds, brokers, the ledger and the link meet here and nowhere else."""
