"""Market-wide margin debt, from the exchanges' wire to a dated report."""
