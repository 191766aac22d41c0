"""The ledger of copies: from what was recorded to states, duties and receipts. Pure; rebuilt from records at any time."""
