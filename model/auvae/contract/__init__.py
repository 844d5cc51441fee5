"""What both sides mean by a job, an event, a choice and a result.

Standard library and numpy alone; imports nothing else of the core.
"""
