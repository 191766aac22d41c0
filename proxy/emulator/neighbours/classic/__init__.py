"""The classic methods: models, generateContent, files, caches, batches, stores, predictions. Only the desk enters."""
