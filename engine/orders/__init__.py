"""Order states, the one gate, positions, protection and flatten."""
