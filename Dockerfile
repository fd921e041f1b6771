# An image for prediction, without torch. Build it in a clone:
#
#     docker build --tag lstmcli .
#     docker run --rm --init --interactive --volume "$PWD/runs/demo/model:/model:ro" lstmcli < texts.txt
#
# docs/installation.md shows how to add a model to the image.

ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim AS build
WORKDIR /source
COPY . .
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir dist .

FROM python:${PYTHON_VERSION}-slim
WORKDIR /installation
COPY constraints.txt requirements-light.txt ./
COPY --from=build /source/dist dist
RUN python -m pip install --no-cache-dir --constraint constraints.txt --requirement requirements-light.txt \
    && python -m pip install --no-cache-dir --no-deps dist/lstmcli-*.whl

# A number, so that Kubernetes can see that it is not root. It is that of nobody: no account is needed to read a model.
USER 65534:65534

# Files of a folder that is mounted here have relative paths.
WORKDIR /data
ENTRYPOINT ["lstmcli", "predict", "/model"]
