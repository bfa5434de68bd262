"""The MiniMax cloud as the last rung: text, speech, voice clones and video, in troupe.v1's terms.

What MiniMax answers is judged as hostile: bounded in size and time, checked by schema, its addresses judged before they
are fetched. What goes wrong there becomes a leaf of the error tree, and a pause where asking again at once would harm.
"""
