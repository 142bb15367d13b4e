"""Makes the Parquet files beside it: python3 make.py FOLDER, with pyarrow 25.0.1. Encrypted files differ
from run to run, since their keys do."""

import base64, datetime, sys
import pyarrow as pa, pyarrow.parquet as pq, pyarrow.parquet.encryption as pe
out=sys.argv[1]
n=200
table=pa.table({"v":pa.array([i/8 for i in range(n)],pa.float64()),"plan":pa.array([["free","basic","pro"][i%3] for i in range(n)])})
for codec in ["none","snappy","gzip","lz4","brotli","zstd"]:
    pq.write_table(table,f"{out}/{codec}.parquet",compression=codec,write_page_checksum=True)
nested=pa.table({"v":table["v"],"tags":pa.array([["a","b"]]*n),"props":pa.array([[("k",1.0)]]*n,pa.map_(pa.string(),pa.float64())),
  "address":pa.array([{"city":["Ulm","Kiel"][i%2],"zip":i%7,"phones":["1"]} for i in range(n)]),
  "items":pa.array([[{"sku":"x","qty":2}]]*n)})
pq.write_table(nested,f"{out}/nested.parquet",compression="zstd")
class Kms(pe.KmsClient):
    def __init__(self,config): pe.KmsClient.__init__(self)
    def wrap_key(self,key,master): return base64.b64encode(master.encode()+key)
    def unwrap_key(self,wrapped,master): return base64.b64decode(wrapped)[len(master.encode()):]
factory=pe.CryptoFactory(lambda c: Kms(c))
conn=pe.KmsConnectionConfig()
for name,plain in [("encrypted",False),("encrypted_column",True)]:
    config=pe.EncryptionConfiguration(footer_key="foot",column_keys={"col":["v"]},plaintext_footer=plain,cache_lifetime=datetime.timedelta(minutes=5))
    props=factory.file_encryption_properties(conn,config)
    with pq.ParquetWriter(f"{out}/{name}.parquet",table.schema,encryption_properties=props) as w: w.write_table(table)
