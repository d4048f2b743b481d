"""Train an LSTM, character by character, and let it write.

python examples/character_model.py [FILE] [--steps N]
"""

import argparse

import numpy as np

import tinygrad_rnn as tg

arguments = argparse.ArgumentParser(description=__doc__)
arguments.add_argument("file", nargs="?", help="a text (default: this package's own source code)")
arguments.add_argument("--steps", type=int, default=300)
arguments.add_argument("--hidden", type=int, default=128)
options = arguments.parse_args()

# Text to integers: two parts, the first cut into windows that are read in order.
text = tg.data.read_text(options.file) if options.file else tg.data.package_source()
vocabulary = tg.data.Vocabulary.from_text(text)
train, val = tg.data.split(vocabulary.encode(text), 0.1)
batches = tg.data.Batches(train, batch_size=50, seq_length=50)

rng = np.random.default_rng(0)
model = tg.nn.LanguageModel(
    len(vocabulary), options.hidden, cell="lstm", generator=rng, dtype=np.float32
)
adam = tg.optim.Adam(model.parameters(), lr=0.005)

state = None
for step in range(1, options.steps + 1):
    inputs, targets, fresh = next(batches)  # (T, B)
    state = None if fresh else tg.nn.detach_state(state)  # carried, but no gradient goes back
    logits, state = model(inputs, state)  # (T, B, V)
    loss = tg.softmax_cross_entropy(logits, targets)
    adam.zero_grad()
    loss.backward(retain_grad=False)
    tg.optim.clip_grad_norm_(adam.params, 5.0)
    adam.step()
    if step % 50 == 0 or step == options.steps:
        print(f"step {step}: loss {float(loss):.3f}, {float(loss) / np.log(2):.3f} bits")

with tg.no_grad():
    total, state = 0.0, None
    for inputs, targets, fresh in tg.data.one_pass(val, batch_size=50, seq_length=50):
        logits, state = model(inputs, None if fresh else state)
        total += float(tg.softmax_cross_entropy(logits, targets, reduction="sum"))
    bigram = tg.data.BigramModel(train, len(vocabulary)).loss(val)
    print(f"validation {total / (len(val) - 1):.3f}, a bigram model {bigram:.3f} nats/character")

    ids, state = list(vocabulary.encode("def ")), None
    unread = ids
    while len(ids) < 300:
        logits, state = model(np.array(unread)[:, None], state)  # (T, 1, V)
        p = tg.softmax(logits.data[-1, 0].astype(np.float64))
        unread = [rng.choice(len(p), p=p)]
        ids += unread
    print(vocabulary.decode(ids))
