# seqtag in a container: everything it does happens in /work, as any user, also on a read-only root.
#
#   docker build -t seqtag .                            to train, evaluate and predict
#   docker build --target predict -t seqtag-predict .   without training; a seventh of the size
#   docker run --rm --read-only --tmpfs /tmp -v "$PWD":/work -u "$(id -u):$(id -g)" seqtag --help

FROM python:3.12-slim-bookworm AS dependencies

# seqeval comes as source only, so what builds packages is pinned too; older versions of pip know only the first name.
ENV PIP_CONSTRAINT=/src/constraints.txt PIP_BUILD_CONSTRAINT=/src/constraints.txt \
    PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/seqtag
ENV PATH=/opt/seqtag/bin:$PATH
WORKDIR /src

# The dependencies first, in a layer that a change of the code does not touch.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
    > requirements.txt \
 && pip install -r requirements.txt

FROM dependencies AS light

COPY README.md LICENSE ./
COPY seqtag seqtag
RUN pip install --no-deps . \
 && find /opt/seqtag -type d -name tests -prune -exec rm -rf {} + \
 && pip uninstall --yes --quiet pip

FROM dependencies AS full

# On x86-64 the package tensorflow is built with GPU support and weighs three times tensorflow-cpu, which is the same
# release; elsewhere only the former exists, and is for the CPU.
RUN if [ "$(uname -m)" = x86_64 ]; then package=tensorflow-cpu; else package=tensorflow; fi \
 && python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['train'], sep='\n')" \
    > requirements.txt \
 && sed -i "s/^tensorflow\b/$package/" requirements.txt constraints.txt \
 && pip install -r requirements.txt
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends binutils

COPY README.md LICENSE ./
COPY seqtag seqtag
# Removed: headers and libclang, for compiling against TensorFlow; symbol tables, for debugging it; the packages' own
# tests; and pip. The metadata asks for tensorflow by name, so pip must not look after dependencies here.
RUN pip install --no-deps . \
 && cd "$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
 && pip uninstall --yes --quiet libclang \
 && rm -rf tensorflow/include \
 && strip --strip-unneeded tensorflow/libtensorflow_*.so.* \
 && find . -type d -name tests -prune -exec rm -rf {} + \
 && pip uninstall --yes --quiet pip

FROM python:3.12-slim-bookworm AS runtime

# HOME is where libraries look for their settings: a folder that any user may use. Compiled modules are part of the
# environment; nobody could write new ones.
ENV PATH=/opt/seqtag/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1
WORKDIR /work
USER 10001:10001
# Python ignores the default SIGTERM when it is process 1; SIGINT stops a run cleanly.
STOPSIGNAL SIGINT
ENTRYPOINT ["seqtag"]

FROM runtime AS predict
COPY --from=light /opt/seqtag /opt/seqtag

FROM runtime AS train
COPY --from=full /opt/seqtag /opt/seqtag
