"""The pages of apps, accounts and entitlements: parse, call, render."""
