"""The queries: plain functions over a session, each of which takes a Scope and sees nothing beyond it."""
