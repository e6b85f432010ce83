"""Customer messages: templates a merchant can edit, rendered in a sandbox, money and dates as the buyer writes them."""
