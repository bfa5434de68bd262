"""The ways to speak; each is imported only when chosen (`svc_tts.engine.ENGINES`)."""
