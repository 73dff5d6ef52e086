"""The way from paper to real money: stages, their record, and what raises or lowers them."""
