"""What each kind of operation does with relevance on its way back: functions that biox/lrp/operations.py lists."""
