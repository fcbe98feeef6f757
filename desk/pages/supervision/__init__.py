"""The supervision board (督办看板): what is overdue and how far up it went, where and when appeals come, rates, the weekly brief."""
