# seqtag in a container: everything it does happens in /work, as any user, also on a read-only root.
#
#   docker build -t seqtag .
#   docker run --rm --read-only --tmpfs /tmp -v "$PWD":/work -u "$(id -u):$(id -g)" seqtag --help

FROM python:3.12-slim-bookworm AS builder

# seqeval comes as source only, so what builds packages is pinned too; older versions of pip know only the first name.
ENV PIP_CONSTRAINT=/src/constraints.txt PIP_BUILD_CONSTRAINT=/src/constraints.txt \
    PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/seqtag
ENV PATH=/opt/seqtag/bin:$PATH
WORKDIR /src

# The dependencies first, in a layer that a change of the code does not touch. On x86-64 the package tensorflow is
# built with GPU support and weighs three times tensorflow-cpu, which is the same release; elsewhere only the former
# exists, and is for the CPU.
COPY pyproject.toml constraints.txt ./
RUN if [ "$(uname -m)" = x86_64 ]; then package=tensorflow-cpu; else package=tensorflow; fi \
 && python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
    > requirements.txt \
 && sed -i "s/^tensorflow\b/$package/" requirements.txt constraints.txt \
 && pip install -r requirements.txt

COPY README.md LICENSE ./
COPY seqtag seqtag
# The metadata asks for tensorflow by name, so pip must not look after dependencies here.
RUN pip install --no-deps .

# Dead weight: headers and libclang are for those who compile against TensorFlow, symbol tables for those who debug it,
# the packages' own tests for those who develop them; and pip has done its work.
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends binutils
RUN cd "$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
 && pip uninstall --yes --quiet libclang \
 && rm -rf tensorflow/include \
 && strip --strip-unneeded tensorflow/libtensorflow_*.so.* \
 && find . -type d -name tests -prune -exec rm -rf {} + \
 && pip uninstall --yes --quiet pip

FROM python:3.12-slim-bookworm

COPY --from=builder /opt/seqtag /opt/seqtag
# HOME is where libraries look for their settings: a folder that any user may use. Compiled modules are part of the
# environment; nobody could write new ones.
ENV PATH=/opt/seqtag/bin:$PATH HOME=/tmp PYTHONDONTWRITEBYTECODE=1
WORKDIR /work
USER 10001:10001
# As process 1, Python would not hear the usual SIGTERM; this is what it is like to be interrupted at a keyboard.
STOPSIGNAL SIGINT
ENTRYPOINT ["seqtag"]
