"""Files become what their owner should know of them before anything is trained."""
