#!/usr/bin/env python3
"""The peers: the same work as Textgraft's, in PyTorch, driven line by line.

Reads one JSON request a line from standard input and answers each with one JSON line. Between requests it waits
and computes nothing, so that rounds of several sides can alternate.

    {"do": "prepare", "job": {...}}                  builds the model; answers versions
    {"do": "round", "lengths": [...], "epochs": 1}   trains on or predicts texts of these lengths; answers seconds, and
                                                     cpuSeconds of all threads
    {"do": "products", "sizes": [[m, k, n], ...]}    answers the rate of the fastest float32 product
    {"do": "close"}                                  answers the process's peak memory in bytes and ends

--impl torch   BERT in plain PyTorch; needs torch >= 1.13 alone
--impl hf      Hugging Face's own BertForSequenceClassification and tokenizers

A job is what bench/job.ts describes. Batches are random, each padded to its longest text, as a DataLoader with
Hugging Face's collator makes them; they are made before the clock starts. Dropout 0.1, cross-entropy, clipping at 1.0,
AdamW (fused where this torch has it). What is frozen runs in every step, as people do it: without gradients, and in
evaluation mode unless the job says otherwise.
"""
import argparse, json, os, random, sys, time
import torch, torch.nn as nn, torch.nn.functional as F


class Layer(nn.Module):
    def __init__(s, hidden, heads):
        super().__init__()
        s.heads = heads
        s.q, s.k, s.v, s.o = (nn.Linear(hidden, hidden) for _ in range(4))
        s.up, s.down = nn.Linear(hidden, 4 * hidden), nn.Linear(4 * hidden, hidden)
        s.n1, s.n2, s.drop = nn.LayerNorm(hidden, 1e-12), nn.LayerNorm(hidden, 1e-12), nn.Dropout(.1)

    def forward(s, x, bias):
        b, t, hidden = x.shape
        split = lambda y: y.view(b, t, s.heads, hidden // s.heads).transpose(1, 2)
        q, k, v = split(s.q(x)), split(s.k(x)), split(s.v(x))
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=bias, dropout_p=.1 if s.training else 0.)
        else:
            y = s.drop((q @ k.transpose(-1, -2) / (hidden // s.heads) ** .5 + bias).softmax(-1)) @ v
        x = s.n1(x + s.drop(s.o(y.transpose(1, 2).reshape(b, t, hidden))))
        return s.n2(x + s.drop(s.down(F.gelu(s.up(x)))))


class Embeddings(nn.Module):
    def __init__(s, vocab, hidden):
        super().__init__()
        s.word, s.pos, s.typ = nn.Embedding(vocab, hidden), nn.Embedding(512, hidden), nn.Embedding(2, hidden)
        s.norm, s.drop = nn.LayerNorm(hidden, 1e-12), nn.Dropout(.1)

    def forward(s, ids):
        return s.drop(s.norm(s.word(ids) + s.pos.weight[: ids.shape[1]] + s.typ.weight[0]))


class Pooler(nn.Module):
    def __init__(s, hidden):
        super().__init__()
        s.dense = nn.Linear(hidden, hidden)

    def forward(s, x):
        return torch.tanh(s.dense(x[:, 0]))


def head_of(job, hidden):
    """The stock head, or the tutorial's: 512 units, ReLU, dropout."""
    if job["head"] == "mlp":
        return nn.Sequential(nn.Linear(hidden, 512), nn.ReLU(), nn.Dropout(.1), nn.Linear(512, 2))
    return nn.Sequential(nn.Dropout(.1), nn.Linear(hidden, 2))


class PlainBert(nn.Module):
    def __init__(s, job):
        super().__init__()
        layers, hidden, heads, vocab = (job["shape"][name] for name in ("layers", "hiddenSize", "heads", "vocabSize"))
        s.embeddings = Embeddings(vocab, hidden)
        s.layers = nn.ModuleList(Layer(hidden, heads) for _ in range(layers))
        s.pooler, s.head = Pooler(hidden), head_of(job, hidden)

    def stages(s):
        return [s.embeddings, *s.layers, s.pooler]

    def forward(s, ids, mask):
        x, bias = s.embeddings(ids), (1 - mask[:, None, None, :].float()) * -1e4
        for layer in s.layers: x = layer(x, bias)
        return s.head(s.pooler(x))


class HuggingFaceBert(nn.Module):
    def __init__(s, job):
        super().__init__()
        from transformers import BertConfig, BertForSequenceClassification
        shape = job["shape"]
        s.model = BertForSequenceClassification(BertConfig(
            vocab_size=shape["vocabSize"], hidden_size=shape["hiddenSize"], num_hidden_layers=shape["layers"],
            num_attention_heads=shape["heads"], intermediate_size=4 * shape["hiddenSize"], num_labels=2))
        if job["head"] == "mlp":
            s.model.dropout, s.model.classifier = nn.Identity(), head_of(job, shape["hiddenSize"])

    def stages(s):
        bert = s.model.bert
        return [bert.embeddings, *bert.encoder.layer, bert.pooler]

    def forward(s, ids, mask):
        return s.model(input_ids=ids, attention_mask=mask).logits


class Trainer:
    """Trains on or predicts random token ids of given lengths."""

    def __init__(self, job, impl):
        self.job = job
        torch.manual_seed(0)
        self.random = random.Random(0)
        self.model = {"torch": PlainBert, "hf": HuggingFaceBert}[impl](job)
        if job["kind"] == "predict":
            self.model.eval()
            return
        self.model.train()
        for stage in self.model.stages()[: job["frozenStages"]]:
            for parameter in stage.parameters(): parameter.requires_grad = False
            if not job["frozenInTrainingMode"]: stage.eval()
        self.trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        fused = {"fused": True} if int(torch.__version__.split(".")[0]) >= 2 else {}
        self.optimizer = torch.optim.AdamW(self.trained, 2e-5, weight_decay=.01, **fused)

    def batches(self, lengths):
        lengths = list(lengths)
        self.random.shuffle(lengths)
        for first in range(0, len(lengths), self.job["batchSize"]):
            part = torch.tensor(lengths[first : first + self.job["batchSize"]])
            longest = int(part.max())
            mask = (torch.arange(longest)[None, :] < part[:, None]).long()
            ids = torch.randint(5, self.job["shape"]["vocabSize"], mask.shape) * mask
            yield ids, mask, torch.randint(0, 2, (len(part),))

    def train(self, ids, mask, labels):
        loss = F.cross_entropy(self.model(ids, mask), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss.item()

    def predict(self, ids, mask, _labels):
        with torch.inference_mode():
            return self.model(ids, mask).numpy()

    def round(self, request):
        run = self.predict if self.job["kind"] == "predict" else self.train
        batches = [batch for _ in range(request["epochs"]) for batch in self.batches(request["lengths"])]
        start = time.perf_counter()
        for batch in batches: run(*batch)
        return {"seconds": time.perf_counter() - start}


class Tokenizing:
    def __init__(self, job):
        from transformers import AutoTokenizer
        self.tokenizer, self.texts = AutoTokenizer.from_pretrained(job["tokenizer"]), job["texts"]

    def round(self, request):
        texts = self.texts * request["epochs"]
        start = time.perf_counter()
        self.tokenizer(texts, truncation=True, max_length=512)
        return {"seconds": time.perf_counter() - start}


def products(sizes):
    """The rate of the fastest product, in operations a second; each size runs for some tenths of a second."""
    best = 0
    for m, k, n in sizes:
        a, b = torch.rand(m, k), torch.rand(k, n)
        out = torch.empty(m, n)
        torch.mm(a, b, out=out)
        until = time.perf_counter() + .3
        while time.perf_counter() < until:
            start = time.perf_counter()
            torch.mm(a, b, out=out)
            best = max(best, 2 * m * k * n / (time.perf_counter() - start))
    return {"flopsPerSecond": best}


def versions(impl):
    shown = torch.__config__.show()
    blas = next((part.split("=")[1] for part in shown.replace("\n", ", ").split(", ") if "BLAS_INFO=" in part
                 and "LAPACK" not in part), "unknown")
    lines = [line.strip(" -") for line in shown.split("\n")]
    onednn = next((line.split(" (")[0].replace("Intel(R) MKL-DNN ", "") for line in lines if "MKL-DNN v" in line), "none")
    found = {"torch": torch.__version__, "torchBlas": blas, "oneDNN": onednn,
             "torchCpuCapability": torch.backends.cpu.get_cpu_capability() if hasattr(torch.backends, "cpu") else "unknown"}
    if impl == "hf":
        import transformers
        found["transformers"] = transformers.__version__
    return found


def peak_bytes():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        import resource
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--impl", choices=["torch", "hf"], default="torch")
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever else prints doesn't disturb the answers
    work = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "prepare":
            job = request["job"]
            work = Tokenizing(job) if job["kind"] == "tokenize" else None if job["kind"] == "product" else Trainer(job, arguments.impl)
            answer = {"versions": versions(arguments.impl)}
        elif request["do"] == "round":
            before = time.process_time()
            answer = work.round(request)
            answer["cpuSeconds"] = time.process_time() - before
        elif request["do"] == "products":
            answer = products(request["sizes"])
        else:
            answer = {"peakBytes": peak_bytes()}
        print(json.dumps(answer), file=answers, flush=True)
        if request["do"] == "close": return


if __name__ == "__main__":
    main()
