"""Asks a server of the model of tests/it/models.rs with the clients that people have: tritonclient[http]
and kserve, both from PyPI. Prints a line for each way to ask; any other answer than that of the plain
JSON of the protocol is an error."""

import asyncio
import json
import sys
import urllib.request

import numpy as np
import tritonclient.http as triton
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

PLACE = sys.argv[1]
URL = "http://" + PLACE
COLUMNS = {
    "visits": ("FP64", np.array([1.5, -0.25])),
    "noise": ("INT64", np.array([0, 3])),
    "plan": ("BYTES", np.array(["free", "pro"], dtype=object)),
}


def plain():
    """The scores of the plain JSON."""
    inputs = [
        {"name": name, "shape": [2], "datatype": kind, "data": values.tolist()}
        for name, (kind, values) in COLUMNS.items()
    ]
    body = json.dumps({"inputs": inputs}).encode()
    # urllib names another type where none is given, so the header is there and empty of meaning.
    request = urllib.request.Request(
        URL + "/v2/models/churn/infer", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)["outputs"][0]["data"]


WANTED = plain()
assert len(WANTED) == 2 and WANTED[0] > WANTED[1], WANTED


def check(way, scores):
    scores = [float(score) for score in scores]
    assert scores == WANTED, (way, scores, WANTED)
    print(way, scores)


def with_triton():
    client = triton.InferenceServerClient(PLACE)
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("churn")
    assert client.is_model_ready("churn", client.get_model_metadata("churn")["versions"][0])
    for binary in [True, False]:
        for shape in [[2], [2, 1]]:
            inputs = []
            for name, (kind, values) in COLUMNS.items():
                tensor = triton.InferInput(name, shape, kind)
                tensor.set_data_from_numpy(values.reshape(shape), binary_data=binary)
                inputs.append(tensor)
            result = client.infer("churn", inputs)
            check(f"triton binary={binary} shape={shape}", result.as_numpy("churn_risk"))
    outputs = [triton.InferRequestedOutput("churn_risk", binary_data=False)]
    for packed in ["gzip", "deflate"]:
        result = client.infer(
            "churn", inputs, outputs=outputs, request_id="17", request_compression_algorithm=packed
        )
        assert result.get_response()["id"] == "17"
        check(f"triton {packed}", result.as_numpy("churn_risk"))
    try:
        client.infer("churn", inputs[:1])
    except triton.InferenceServerException as error:
        assert "required" in str(error) or "fault" in str(error), error
    else:
        raise AssertionError("a missing feature was not refused")


async def with_kserve():
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    assert await client.is_server_live(URL) and await client.is_server_ready(URL)
    assert await client.is_model_ready(URL, "churn")
    for binary in [True, False]:
        inputs = []
        for name, (kind, values) in COLUMNS.items():
            tensor = InferInput(name=name, shape=[2], datatype=kind)
            tensor.set_data_from_numpy(values, binary_data=binary)
            inputs.append(tensor)
        answer = await client.infer(URL, InferRequest("churn", inputs), model_name="churn")
        check(f"kserve v2 binary={binary}", answer.outputs[0].as_numpy())
    client = InferenceRESTClient(RESTConfig(protocol="v1"))
    assert await client.is_model_ready(URL, "churn")
    instances = [
        {name: values.tolist()[row] for name, (_, values) in COLUMNS.items()} for row in range(2)
    ]
    answer = await client.infer(URL, {"instances": instances}, model_name="churn")
    check("kserve v1", answer["predictions"])


with_triton()
asyncio.run(with_kserve())
