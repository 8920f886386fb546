"""What every answer shares: problem documents and pages of lists."""
