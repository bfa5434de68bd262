"""The rungs: each implements `gateway.routing.rung.Rung`."""
