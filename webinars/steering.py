"""Mailings in hand: paused, resumed, cancelled, sent again, counted before they leave."""
