# Values and gradients of the focal loss by PyTorch's autograd, in float64: Lin et al. 2017, -(1 - p)^gamma ln p,
# written down from the paper's equation (5), the mean weighted as torch.nn.CrossEntropyLoss(weight) and
# BCEWithLogitsLoss(pos_weight) do. Prints tests/model/focal-loss.json: python scripts/focal-loss.py > tests/model/focal-loss.json
import json, torch
torch.manual_seed(7)
cases = []
def add(problem, gamma, weights, logits, labels):
    x = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    w = torch.tensor(weights, dtype=torch.float64)
    if problem == "single_label":
        y = torch.tensor(labels)
        p = torch.softmax(x, 1)[torch.arange(len(y)), y]
        loss = (w[y] * -((1 - p) ** gamma) * torch.log(p)).sum() / w[y].sum()
    else:
        y = torch.tensor(labels, dtype=torch.float64)
        p = torch.sigmoid(x)
        loss = (-w * y * (1 - p) ** gamma * torch.log(p) - (1 - y) * p ** gamma * torch.log(1 - p)).mean()
    loss.backward()
    cases.append(dict(problem=problem, gamma=gamma, weights=weights, logits=logits, labels=labels, loss=loss.item(), gradient=x.grad.tolist()))
x3 = (torch.randn(5, 3, dtype=torch.float64) * 2).tolist()
x2 = (torch.randn(4, 2, dtype=torch.float64) * 3).tolist()
for gamma in (0, 0.5, 1, 2, 5):
    add("single_label", gamma, [1.0, 1.0, 1.0], x3, [0, 1, 2, 0, 1])
    add("multi_label", gamma, [1.0, 1.0, 1.0], x3, [[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0], [0, 0, 1]])
add("single_label", 2, [0.5, 3.0, 1.0], x3, [0, 1, 2, 2, 1])
add("single_label", 2, [0.577, 3.728], x2, [0, 1, 1, 0])
add("multi_label", 2, [2.0, 0.5, 3.0], x3, [[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0], [0, 0, 1]])
print(json.dumps(dict(source="PyTorch " + torch.__version__ + ", float64, autograd; scripts/focal-loss.py", cases=cases)))
