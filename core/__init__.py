"""What every process shares: vocabulary, lifecycle, settings, messages and stores. Imports nothing of ours."""
