"""Truth and answers become numbers, their intervals, and what simple models would have scored."""
