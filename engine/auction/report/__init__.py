"""An auction as plain JSON for the contract: rupees, ISO times, null where undefined."""
