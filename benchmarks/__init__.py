"""What is measured, runnable by anyone: `python -m benchmarks [name ...]`, or `make bench` for all.

Each benchmark is a module with one coroutine `measure(scale) -> Report`, and prints one small table: what was measured,
what it must reach, and the command that does it again. Bot and stand-in networks run as processes of their own and are
reached as they always are, over HTTP; stores are real files with full sync, in a folder that is removed afterwards.
Other work on the machine makes the figures worse, never better: repeat when it is quiet, and compare ratios.
Nothing here is a test: no figure makes a build fail.
"""
