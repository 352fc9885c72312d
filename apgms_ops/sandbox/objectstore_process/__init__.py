"""The object store: S3 as moto speaks it, with TLS by cheroot, signatures verified, Object Lock kept.

What it cannot do as S3 does: it keeps everything in memory; it encrypts nothing, and says of what it keeps that it is
encrypted as its bucket says; it copies nothing, and says that a bucket is replicated.
"""
