"""What is said: every conversation as pure steps, events in and effects out.

A step reads no clock, sends nothing and saves nothing; it is given the state, the event, the person's facts and `now`,
and returns the next state with the effects to carry out. Each flow is one file with its rules at the top. The runner in
`bot` calls `router.step`; nothing here imports anything but the standard library.
"""
