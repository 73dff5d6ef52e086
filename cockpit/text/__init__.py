"""Figures and styled lines as the painters use them."""
