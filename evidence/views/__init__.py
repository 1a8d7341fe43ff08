"""The pages of cases, evidence and what is due; each parses, asks a question or calls one service, and renders."""
