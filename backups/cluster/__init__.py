"""A django-q2 cluster that is watched: whoever runs it hears when it stalls, and starts another.

`supervisor` starts, watches and ends it; `signs` is how its processes tell that they work; `health` judges.
`clock` does on time what may not wait for them.
"""
