"""Pages of the web, fetched for a caller who named the address: only from public hosts, only so much, only so long.

A caller's address may lead anywhere: into this network, to a cloud's metadata host, to a body without end. So a name is
resolved once, every one of its addresses is judged by an allow-list, and the connection goes to exactly those. Each
redirect and each request is judged anew; no connection is used twice (OWASP API7:2023).
"""
