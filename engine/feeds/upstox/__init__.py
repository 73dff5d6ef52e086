"""The broker's market-data stream: one connection, followed for ever, with everything odd about it counted."""
