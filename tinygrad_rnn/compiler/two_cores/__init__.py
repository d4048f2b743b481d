"""What a second core takes over, if there is one. A first reading can leave this room out.

Read `cores` (may there be two?), then what is decided before anything runs: `division` of long
products, `lanes` (who computes what), `crossings` (what each knows of the other). `duet` runs the
two lists, the second on the thread of `second_core`.
"""
